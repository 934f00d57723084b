import { existsSync } from 'node:fs';

/** Where Debian and its relatives put it, and an address of one's own. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The system's Chromium, or the one that CHROMIUM_PATH names. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
	const named = env.CHROMIUM_PATH;
	return [...(named === undefined ? PLACES : [named])].find((path) => existsSync(path));
}
