# A client that a generator of others made of the OpenAPI document, and types that hold.

load real

setup() {
	own_place
	own_program
	T=$BATS_TEST_TMPDIR
	REPO=$T/repo
	NPM=$BATS_TEST_DIRNAME/../npm
	mkdir "$REPO"
	cp -r "$TOP/src/engine" "$REPO"
	commit_all "$REPO"
	mkdir -p "$XDG_CONFIG_HOME/tutti/flows"
	cat >"$XDG_CONFIG_HOME/tutti/flows/asks.yaml" <<-'END'
	flow: asks
	category: analysis
	summary: Asks a person.
	steps:
	  - {id: parts, kind: each, over: 'return {"first", "second"}', as: part, step: {id: one, kind: code, run: 'return part'}}
	  - {id: enough, kind: approval, needs: [parts], ask: "Enough?", choices: [so-be-it, not-yet]}
	END
	: >"$T/said"
	"$TUTTI" serve --bind 127.0.0.1:0 --json >"$T/said" 2>"$T/log" 3>&- &
	DAEMON=$!
	until [ -s "$T/said" ] || ! kill -0 "$DAEMON"; do sleep 0.02; done
	URL=$(jq_like "$T/said" "r['url']")
	curl -sf -H "Authorization: Bearer $(cat "$TUTTI_DATA/token")" "$URL/api/v1/openapi.json" >"$T/openapi.json"
}

teardown() {
	local p
	for p in $(own_processes); do kill -9 "$p" 2>/dev/null || true; done
}

# ended: the daemon ends well, and nothing of it is left
ended() {
	kill "$DAEMON"
	wait "$DAEMON"
	nobody_left
}

# generate: a client of $T/openapi.json into $T/api
generate() {
	(cd "$T" && "$(new_node)" "$NPM/node_modules/@hey-api/openapi-ts/bin/run.js" --input openapi.json --output api \
		--plugins @hey-api/client-fetch @hey-api/typescript @hey-api/sdk --no-log-file)
}

# compile: the program over it, into $T/js
compile() {
	cp "$NPM/client.ts" "$T"
	(cd "$T" && "$(new_node)" "$NPM/node_modules/typescript/bin/tsc" --strict --noUncheckedIndexedAccess \
		--noEmitOnError --target es2022 --lib es2022,dom,dom.iterable --module commonjs \
		--moduleResolution bundler --outDir js client.ts)
}

@test "a generated client drives a whole run" {
	generate
	compile
	"$(new_node)" "$T/js/client.js" "$URL" "$(cat "$TUTTI_DATA/token")" "$REPO"
	ended
}

@test "a document that says something else does not compile" {
	python3 - "$T/openapi.json" <<-'END'
	import json, sys
	doc = json.load(open(sys.argv[1]))
	doc["components"]["schemas"]["EventList"]["properties"]["next"]["type"] = ["string", "null"]
	del doc["components"]["schemas"]["Launched"]["properties"]["existed"]
	json.dump(doc, open(sys.argv[1], "w"))
	END
	generate
	run compile
	is "$status" 1
	has <(echo "$output") "Property 'existed' does not exist on type"
	has <(echo "$output") "Type 'string | null' is not assignable to type 'number | null'"
	ended
}
