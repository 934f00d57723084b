import { lock, type LockOptions } from 'proper-lockfile';
import { z } from 'zod';

/** A lock whose holder died is free after this time. */
const STALE_MS = 20_000;
const POLL_MS = 500;

const heldSchema = z.object({ code: z.literal('ELOCKED') });

/**
 * Runs `work` while no other process of this machine does the same for the same place.
 *
 * @param place a path, in a folder that exists
 * @param onWait called once when another process holds the place
 */
export async function exclusively<T>(
	place: string,
	onWait: () => void,
	work: () => Promise<T>,
): Promise<T> {
	const options: LockOptions = { stale: STALE_MS, realpath: false };
	const release = await lock(place, options).catch(async (error: unknown) => {
		if (!heldSchema.safeParse(error).success) throw error;
		onWait();
		const retries = { forever: true, minTimeout: POLL_MS, maxTimeout: POLL_MS };
		return await lock(place, { ...options, retries });
	});
	try {
		return await work();
	} finally {
		await release();
	}
}
