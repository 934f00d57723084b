import { planChaos, SHORT } from '../chaos/plan';
import { reportOn, toChaosTable } from '../chaos/report';
import { runStorm } from '../chaos/storm';
import { useStage } from '../harness/n8n/useStage';

/** The short form of `npm run chaos`. */

const stage = useStage({ emulator: { paceMs: 10_000, callbackTimeoutMs: 30_000 } });
jest.setTimeout(600_000);

test(`${SHORT.videos} videos get through lost, repeated and forged callbacks, failing reads and a kill -9`, async () => {
	const { n8n } = stage;
	const victim = { kill: async () => await n8n.kill(), start: async () => await n8n.restart() };
	const report = reportOn('regular', await runStorm(stage, planChaos(SHORT), victim));
	process.stderr.write(`${toChaosTable([report])}\n`);
	expect(report.faultsFound).toEqual([]);
	expect(report.videos).toBe(SHORT.videos);
	expect(report.ready).toBeGreaterThan(0);
	expect(report.forged).toBeGreaterThan(0);
	expect(report.faults).toBeGreaterThan(0);
});
