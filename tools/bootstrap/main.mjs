import { ensureInstalled, ROOT } from './install.mjs';
import { COMMANDS, describeCommands } from './commands.mjs';
import { runCommand } from './processes.mjs';
import { UserError } from './userError.mjs';

/** Runs one command of the project and resolves with the exit code. */
export async function main([name = 'help', ...args]) {
	if (['help', '--help', '-h'].includes(name)) {
		console.log(describeCommands());
		return 0;
	}
	const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
	if (command === undefined) {
		console.error(`There is no command “${name}”: see node tools/run.mjs help.`);
		return 2;
	}
	try {
		const say = (line) => console.error(line);
		await ensureInstalled(ROOT, { what: 'the development dependencies', say });
		for (const step of command.steps(args)) {
			const code = await runCommand(process.execPath, step, { cwd: ROOT });
			if (code !== 0) return code;
		}
		return 0;
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
		console.error(error.message);
		return 1;
	}
}
