import { join } from 'node:path';

import type { Identity } from './server';
import type { ServerCommand } from './serverProcess';

const WRAPPER = join(__dirname, 'native.cjs');

export interface NativeProgram {
	program: string;
	args: string[];
	/** Its home. */
	folder: string;
	identity?: Identity;
}

/** How a server that is not written for Node is run, so that it ends like all others. */
export function nativeCommand({ program, args, folder, identity }: NativeProgram): ServerCommand {
	const who = [identity?.uid, identity?.gid].map((id) => (id === undefined ? '-' : String(id)));
	return {
		node: process.execPath,
		args: [WRAPPER, ...who, program, ...args],
		env: { PATH: process.env.PATH ?? '', LANG: 'C', HOME: folder },
	};
}
