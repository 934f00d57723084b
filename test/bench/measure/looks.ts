import { callOften } from '../../harness/queue/stage';
import type { Row } from '../report';
import { openRegular } from '../stages';
import { WAY_NAMES, workflowFor } from '../workflows';

const VIDEOS = 10;
const FIGURE = 'API requests for one video of five minutes';
const LENGTH_MS = 300_000;

/** The rows on what the looks at sleeping executions' tasks cost, in regular mode; some eight minutes. */
export async function lookRows(): Promise<Row[]> {
	const stage = await openRegular({ paceMs: LENGTH_MS });
	try {
		const { emulator, log } = stage;
		const { id, url } = await stage.deploy(workflowFor('callback', stage, 'looks'));
		const isLost = (index: number) => index % 2 === 1;
		await callOften(url, VIDEOS * 2, (index) => ({
			prompt: `Number ${index}${isLost(index) ? ' [callback:lost]' : ''}`,
		}));
		await log.untilCount(id, 'success', VIDEOS * 2);
		const requestsFor = (lost: boolean) => {
			const tasks = emulator.tasks().filter(({ prompt }) => prompt.includes('lost') === lost);
			return tasks.reduce((sum, { reads }) => sum + 1 + reads, 0) / tasks.length;
		};
		const rows: Array<[what: string, requests: number]> = [
			[WAY_NAMES.callback, requestsFor(false)],
			['the same where the callback is lost', requestsFor(true)],
		];
		return rows.map(([what, requests]) => ({
			figure: FIGURE,
			what,
			value: requests.toFixed(2),
			n: VIDEOS,
		}));
	} finally {
		await stage.stop();
	}
}
