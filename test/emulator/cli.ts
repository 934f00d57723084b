import { parseArgs } from 'node:util';
import { startEmulator, type Emulator } from '.';
import { ODD_IMAGE_NAMES } from './service/images';
import { parseSpanMs } from './time';

const DEFAULT_PORT = '4010';
const DEFAULT_PACE = '20s';

const HELP = `The AI Video API (model kling-2.6) on this machine, for developing workflows offline.

  --port <number>    port on 127.0.0.1 (default ${DEFAULT_PORT})
  --pace <span>      how long a video takes: 300ms, 20s, 2m or never (default ${DEFAULT_PACE})
  --latency <span>   added to every API answer (default 0ms)
  --help             this text

All magic keys, prompts and faults: test/emulator/README.md`;

/** A mistake of the person at the command line, to be told in one sentence. */
class UsageError extends Error {}

function spanMs(option: string, text: string): number {
	const ms = parseSpanMs(text);
	if (ms === null) throw new UsageError(`--${option} must look like 300ms, 20s or 2m.`);
	return ms;
}

function port(text: string): number {
	const value = Number(text);
	if (!Number.isInteger(value) || value < 0 || value > 65_535 || text.trim() === '') {
		throw new UsageError('--port must be a number from 0 to 65535.');
	}
	return value;
}

function readArguments() {
	try {
		const { values } = parseArgs({
			options: {
				port: { type: 'string', default: DEFAULT_PORT },
				pace: { type: 'string', default: DEFAULT_PACE },
				latency: { type: 'string', default: '0ms' },
				help: { type: 'boolean', default: false },
			},
		});
		return values;
	} catch (error) {
		throw new UsageError(error instanceof Error ? error.message : String(error));
	}
}

function banner(emulator: Emulator): string {
	return `AI Video API emulator

  Base URL   ${emulator.url}
  API key    ${emulator.apiKey}   (also sk-poor, sk-disabled, sk-blocked-ip, sk-spend-limit, sk-rate-limited)
  Image      ${emulator.imageUrl()}   (also any .png and .webp)
  Bad ones   ${emulator.imageUrl(`{${ODD_IMAGE_NAMES.slice(0, 5).join(',')},…}`)}
  Prompts    [fail]  [fail:content_rejected]  [pace:2s]  [stuck]  [no-video]  [videos:3]  [callback:lost]
             [callback:twice]  [video:404]  [video:cut=1]
             [http:500]  [http:429-rate=1]  [fault:reset-after]
  Control    ${emulator.url}/_emulator/
  All of it  test/emulator/README.md   Stop with Ctrl+C.
`;
}

function explain(error: unknown, wantedPort: number): string {
	const code = error instanceof Error && 'code' in error ? error.code : undefined;
	if (code === 'EADDRINUSE') {
		return `Port ${wantedPort} is taken: stop the program that uses it, or choose another with --port.`;
	}
	return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<void> {
	const values = readArguments();
	if (values.help) {
		console.log(HELP);
		return;
	}
	const wantedPort = port(values.port);
	const options = {
		port: wantedPort,
		paceMs: spanMs('pace', values.pace),
		latencyMs: spanMs('latency', values.latency),
		log: (line: string) => console.log(line),
	};
	const emulator = await startEmulator(options).catch((error: unknown) => {
		throw new UsageError(explain(error, wantedPort));
	});
	console.log(banner(emulator));
	const stop = () => void emulator.stop();
	process.once('SIGINT', stop);
	process.once('SIGTERM', stop);
}

main().catch((error: unknown) => {
	console.error(error instanceof UsageError ? error.message : error);
	process.exitCode = 1;
});
