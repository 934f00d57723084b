import { missingServices } from '../../test/harness/queue/binaries';
import { findChromium } from './chromium';

/** What a suite needs of the machine beyond npm's packages: the names of what is missing. */
const REQUIREMENTS: Record<string, () => string[]> = {
	queue: missingServices,
	browser: () => (findChromium() === undefined ? ['chromium'] : []),
};

/** What this machine lacks for a suite; empty when the suite can run. */
export function missingFor(suite: string): string[] {
	return REQUIREMENTS[suite]?.() ?? [];
}
