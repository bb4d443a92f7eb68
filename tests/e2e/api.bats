# The API as it is documented: answers of a whole house against the OpenAPI document.

load real

setup() {
	NPM=$BATS_TEST_DIRNAME/../npm
	ANSWERS=$BATS_TEST_TMPDIR/answers
	mkdir "$ANSWERS"
}

@test "every answer is what the OpenAPI document says" {
	TUTTI_SOURCE=$TOP API_ANSWERS=$ANSWERS "$(dirname "$TUTTI")/tests/test_api" >"$BATS_TEST_TMPDIR/log" 2>&1 ||
		{ cat "$BATS_TEST_TMPDIR/log"; return 1; }
	node "$NPM/openapi.js" "$ANSWERS"
}

@test "a wrong answer would be noticed" {
	cat >"$ANSWERS/1.json" <<-'END'
	{"method": "get", "path": "/api/v1/openapi.json", "status": 200, "answer": {
	 "paths": {"/api/v1/session": {"get": {"responses": {"200": {"content": {"application/json":
	  {"schema": {"$ref": "#/components/schemas/S"}}}}}}}},
	 "components": {"schemas": {"S": {"type": "object", "properties": {"user": {"type": "string"}}}}}}}
	END
	echo '{"method": "get", "path": "/api/v1/session", "status": 200, "answer": {"usr": "x"}}' \
		>"$ANSWERS/2.json"
	run node "$NPM/openapi.js" "$ANSWERS"
	is "$status" 1
	has <(echo "$output") 'must NOT have additional properties {"additionalProperty":"usr"}'
}
