import {
	type Due,
	everythingDue,
	findDue,
	runWhenDue,
	takeOff,
} from '../../nodes/Kling/n8n/dueWork';
import { useClock } from '../harness/inMemory/clock';

const clock = useClock();

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

let works = 0;

/** Work that does as the test says, once it is put on the list. */
class Work implements Due {
	runs = 0;
	isGivenUp = false;
	key = `${(works += 1)}`;
	dueAt = clock.now;
	endsAt = clock.now + HOUR_MS;

	constructor(
		readonly lane: string,
		private readonly once: () => Promise<number | null>,
	) {}

	async run(): Promise<number | null> {
		this.runs += 1;
		return await this.once();
	}

	givenUp(): void {
		this.isGivenUp = true;
	}
}

function begin(
	once: () => Promise<number | null>,
	changes: Partial<Pick<Work, 'key' | 'lane' | 'dueAt' | 'endsAt'>> = {},
): Work {
	const work = Object.assign(new Work(changes.lane ?? 'lane', once), changes);
	runWhenDue(work);
	return work;
}

const over = async () => await Promise.resolve(null);
const hangs = async () => await new Promise<null>(() => {});
const again = (afterMs: number) => async () => await Promise.resolve(clock.now + afterMs);

afterEach(async () => {
	for (const due of [...everythingDue()]) takeOff(due);
	await clock.advance(2 * SECOND_MS);
});

describe('work on the list', () => {
	test('goes on beside work that throws when it is given up', async () => {
		const bad = begin(again(HOUR_MS), { endsAt: clock.now });
		bad.givenUp = () => {
			throw new Error('No log');
		};
		const good = begin(again(60_000));
		await clock.advance(70_000);
		expect([findDue(bad.key), good.runs]).toEqual([undefined, 2]);
	});

	test('is done when it is due, again when it says so, and leaves the list once it is over', async () => {
		const answers = [clock.now + 60_000, null];
		const work = begin(async () => await Promise.resolve(answers.shift() ?? null), {
			dueAt: clock.now + 10_000,
		});
		await clock.advance(9_000);
		expect(work.runs).toBe(0);
		await clock.advance(2_000);
		expect(work.runs).toBe(1);
		await clock.advance(60_000);
		expect(work).toMatchObject({ runs: 2, isGivenUp: false });
		expect([...everythingDue()]).toEqual([]);
	});

	test('that throws is done again a minute later, and the others go on', async () => {
		const broken = begin(async () => await Promise.reject(new TypeError('bug')));
		const healthy = begin(again(SECOND_MS));
		await clock.advance(30_000);
		expect(broken.runs).toBe(1);
		expect(healthy.runs).toBeGreaterThan(20);
		await clock.advance(40_000);
		expect(broken.runs).toBe(2);
	});

	test.each([
		['comes up again and again', again(SECOND_MS)],
		['throws each time', async () => await Promise.reject<null>(new TypeError('bug'))],
		['is due only after its end', again(24 * HOUR_MS)],
	])('that %s is given up at its end', async (_, once) => {
		const work = begin(once, { endsAt: clock.now + 600_000 });
		await clock.advance(700_000);
		expect(work.isGivenUp).toBe(true);
		const { runs } = work;
		await clock.advance(HOUR_MS);
		expect(work.runs).toBe(runs);
	});

	test('that is taken off is not done any more, nor told of its end', async () => {
		const work = begin(again(SECOND_MS));
		await clock.advance(3_000);
		const { runs } = work;
		takeOff(work);
		await clock.advance(60_000);
		expect(work).toMatchObject({ runs, isGivenUp: false });
	});

	test('that is taken off while it is under way does not come back', async () => {
		const work: Work = begin(async () => {
			takeOff(work);
			return await Promise.resolve(clock.now);
		});
		begin(again(SECOND_MS));
		await clock.advance(60_000);
		expect(work.runs).toBe(1);
	});
});

describe('a key', () => {
	test('is that of one entry, the latest', async () => {
		const former = begin(again(SECOND_MS), { key: 'a' });
		const latest = begin(again(SECOND_MS), { key: 'a' });
		takeOff(former);
		expect(findDue('a')).toBe(latest);
		await clock.advance(10_000);
		expect(former.runs).toBe(0);
	});

	test('is not freed by a former entry that is over', async () => {
		let end = (_: null) => {};
		begin(async () => await new Promise<null>((resolve) => (end = resolve)), { key: 'a' });
		await clock.advance(2_000);
		const latest = begin(hangs, { key: 'a' });
		end(null);
		await clock.advance(2_000);
		expect(findDue('a')).toBe(latest);
	});
});

test('what is wanted again while it works is not over, and not due later than it was wanted', async () => {
	const answers = [null, clock.now + HOUR_MS, null];
	const work: Work = begin(async () => {
		if (answers.length > 1) work.dueAt = clock.now + 5_000;
		return await Promise.resolve(answers.shift() ?? null);
	});
	await clock.advance(20_000);
	expect(work.runs).toBe(3);
	expect(everythingDue()).toEqual([]);
});

describe('lanes', () => {
	test('have five places each, and one that hangs takes none of another', async () => {
		const hanging = Array.from({ length: 20 }, () => begin(hangs, { lane: 'down' }));
		const healthy = Array.from({ length: 20 }, () => begin(over, { lane: 'healthy' }));
		await clock.advance(6_000);
		expect(hanging.filter(({ runs }) => runs > 0)).toHaveLength(5);
		expect(healthy.every(({ runs }) => runs === 1)).toBe(true);
	});

	test('give each entry its turn, also where the first ones are always due', async () => {
		const entries = Array.from({ length: 30 }, () => begin(again(0)));
		await clock.advance(60_000);
		const runs = entries.map((entry) => entry.runs);
		expect(Math.max(...runs) - Math.min(...runs)).toBeLessThanOrEqual(1);
	});
});
