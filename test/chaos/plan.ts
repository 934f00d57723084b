/** What a chaos run does to how many videos. Everything follows from a number, so runs can be told apart. */

/** How a video is made and waited for. */
export type Way = 'createAndWait' | 'wait' | 'trigger' | 'batch';

/** Two shares may hit one video: its callback is late and comes twice, or is lost. */
export type Delivery = 'once' | 'twice' | 'lost';

export interface PlannedVideo {
	/** Its number, which its prompt begins with. */
	number: number;
	way: Way;
	delivery: Delivery;
	prompt: string;
}

export interface ChaosSize {
	videos: number;
	/** How many of them one execution makes in one run. */
	batchSize: number;
	/** The longest generation, in milliseconds. */
	longestMs: number;
	timeoutMinutes: number;
	/** Over how long the executions are started, in milliseconds. */
	startsWithinMs: number;
	/** When n8n is killed, in milliseconds from the first start. */
	killAfterMs: number;
	seed: number;
}

export interface ChaosPlan extends Omit<ChaosSize, 'videos'> {
	videos: PlannedVideo[];
}

/** Ten minutes for both modes together. */
export const FULL: ChaosSize = {
	videos: 300,
	batchSize: 50,
	longestMs: 120_000,
	timeoutMinutes: 3,
	startsWithinMs: 100_000,
	killAfterMs: 60_000,
	seed: 1,
};

/** Two minutes. */
export const SHORT: ChaosSize = {
	videos: 40,
	batchSize: 10,
	longestMs: 30_000,
	timeoutMinutes: 0.75,
	startsWithinMs: 20_000,
	killAfterMs: 12_000,
	seed: 2,
};

const LOST_SHARE = 0.2;
const TWICE_SHARE = 0.2;
const FAILED_SHARE = 0.05;
const SHORTEST_MS = 2_000;

/** Plans the videos: who waits for each, how long it takes, and what happens to its callback. */
export function planChaos(size: ChaosSize): ChaosPlan {
	const random = randomFrom(size.seed);
	const videos = Array.from({ length: size.videos }, (_, number): PlannedVideo => {
		const way = wayOf(number, size);
		const delivery = deliveryOf(random());
		const paceMs = Math.round(SHORTEST_MS + random() * (size.longestMs - SHORTEST_MS));
		const marks = [
			`[pace:${paceMs}ms]`,
			delivery === 'once' ? '' : `[callback:${delivery}]`,
			random() < FAILED_SHARE ? '[fail]' : '',
		];
		return { number, way, delivery, prompt: [`No ${number}.`, ...marks].join(' ').trim() };
	});
	return { ...size, videos };
}

function wayOf(number: number, { batchSize }: ChaosSize): Way {
	if (number < batchSize) return 'batch';
	return (['createAndWait', 'wait', 'trigger'] as const)[number % 3] ?? 'wait';
}

function deliveryOf(chance: number): Delivery {
	if (chance < LOST_SHARE) return 'lost';
	return chance < LOST_SHARE + TWICE_SHARE ? 'twice' : 'once';
}

/** The number that a prompt begins with. */
export function numberOf(prompt: string): number {
	return Number(/^No (\d+)\./.exec(prompt)?.[1] ?? Number.NaN);
}

/** A small generator of numbers from 0 to 1 (mulberry32): the same for the same seed. */
export function randomFrom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}
