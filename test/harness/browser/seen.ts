import { setTimeout as delay } from 'node:timers/promises';

const LOOK_AGAIN_MS = 250;
const LOOKS = 160;

/** Looks again and again until an expectation holds; then, or when it never does, it decides. */
export async function eventually(expectation: () => Promise<void>): Promise<void> {
	for (let look = 1; look < LOOKS; look += 1) {
		try {
			await expectation();
			return;
		} catch {
			await delay(LOOK_AGAIN_MS);
		}
	}
	await expectation();
}
