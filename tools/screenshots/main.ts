import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from '../bootstrap/install.mjs';

/** The pictures of the README, of those that the browser suite takes. */
const PICTURES = ['canvas', 'create-panel', 'result', 'trigger-panel'];
const MAX_BYTES = 200_000;

const target = join(ROOT, 'docs', 'screenshots');
mkdirSync(target, { recursive: true });
for (const name of PICTURES) {
	const picture = join(ROOT, '.cache', 'screenshots', `${name}.png`);
	const { size } = statSync(picture);
	if (size > MAX_BYTES) throw new Error(`${name}.png is too large for the README: ${size} bytes.`);
	copyFileSync(picture, join(target, `${name}.png`));
	console.log(`docs/screenshots/${name}.png  ${Math.round(size / 1000)} kB`);
}
