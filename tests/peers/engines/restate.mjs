/* Restate: a server of its own keeps a journal; the handler here writes each step to it (ctx.run). */
import * as restate from "@restatedev/restate-sdk";
import * as clients from "@restatedev/restate-sdk-clients";

export async function open({ restate: ports, work, steps, fan }) {
	const runs = restate.service({
		name: "runs",
		handlers: {
			async chain(ctx, { run, length }) {
				for (let n = 0; n < length; n++) await ctx.run(`step${n}`, async () => work(run, n));
			},
			async fan(ctx, { run }) {
				await ctx.run("one", async () => work(run, 0));
				await restate.RestatePromise.all(
					Array.from({ length: fan }, (_, i) => ctx.run(`part${i}`, async () => work(run, i + 1))),
				);
				await ctx.run("last", async () => work(run, fan + 1));
			},
		},
	});

	await restate.serve({ services: [runs], port: ports.service, logger: () => {} });
	const answer = await fetch(`http://127.0.0.1:${ports.admin}/deployments`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ uri: `http://127.0.0.1:${ports.service}`, force: true }),
	});

	if (!answer.ok) throw new Error(await answer.text());
	const ingress = clients.connect({ url: `http://127.0.0.1:${ports.ingress}` });
	const client = ingress.serviceClient(runs);

	return {
		chain: (run) => client.chain({ run, length: steps }),
		job: (run) => client.chain({ run, length: 1 }),
		launch: (run) => ingress.serviceSendClient(runs).chain({ run, length: steps }),
		fan: (run) => client.fan({ run }),
		async unfinished() {
			const reply = await fetch(`http://127.0.0.1:${ports.admin}/query`, {
				method: "POST",
				headers: { "content-type": "application/json", accept: "application/json" },
				body: JSON.stringify({ query: "SELECT count(*) AS n FROM sys_invocation WHERE status <> 'completed'" }),
			});

			return (await reply.json()).rows[0].n;
		},
		close() {},
	};
}
