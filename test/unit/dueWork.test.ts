import { type Due, everythingDue, runWhenDue, takeOff } from '../../nodes/Kling/n8n/dueWork';
import { useClock } from '../harness/inMemory/clock';

const clock = useClock();

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** Work that does as the test says, once it is put on the list. */
class Work implements Due {
	runs = 0;
	ends: boolean[] = [];
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

	ended(isGivenUp: boolean): void {
		this.ends.push(isGivenUp);
	}
}

function begin(
	once: () => Promise<number | null>,
	changes: Partial<Pick<Work, 'lane' | 'dueAt' | 'endsAt'>> = {},
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
		expect(work).toMatchObject({ runs: 2, ends: [false] });
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
		expect(work.ends).toEqual([true]);
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
		expect(work).toMatchObject({ runs, ends: [] });
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

describe('lanes', () => {
	test('have five places each, and one that hangs takes none of another', async () => {
		const hanging = Array.from({ length: 20 }, () => begin(hangs, { lane: 'down' }));
		const healthy = Array.from({ length: 20 }, () => begin(over, { lane: 'healthy' }));
		await clock.advance(6_000);
		expect(hanging.filter(({ runs }) => runs > 0)).toHaveLength(5);
		expect(healthy.every(({ ends }) => ends.length === 1)).toBe(true);
	});

	test('give each entry its turn, also where the first ones are always due', async () => {
		const entries = Array.from({ length: 30 }, () => begin(again(0)));
		await clock.advance(60_000);
		const runs = entries.map((entry) => entry.runs);
		expect(Math.max(...runs) - Math.min(...runs)).toBeLessThanOrEqual(1);
	});
});
