import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { ROOT } from '../bootstrap/install.mjs';

/** A new log file in `.cache/logs`, for what would only clutter the screen. */
export class LogFile {
	/** Relative to the repository, as shown to the user. */
	readonly path: string;
	readonly write: (line: string) => void;

	constructor(name: string) {
		const file = join(ROOT, '.cache', 'logs', `${name}.log`);
		mkdirSync(dirname(file), { recursive: true });
		const stream = createWriteStream(file);
		this.path = relative(ROOT, file);
		this.write = (line) => stream.write(`${line}\n`);
	}
}
