import type { INodeParameters } from 'n8n-workflow';

import { useEmulator } from './emulator';
import { type KlingResult, type KlingRun, runKling } from './runKling';
import { createTask } from './tasks';

/** How the node is run, apart from its parameters. */
export type RunSettings = Partial<Omit<KlingRun, 'parameters'>>;

/** The node for the tests of one file, and the emulator that it speaks to: see `useEmulator`. */
export function useKling() {
	const emulator = useEmulator();

	const run = async (
		parameters: INodeParameters,
		settings: RunSettings = {},
	): Promise<KlingResult> =>
		await runKling({ emulator: emulator.current, parameters, ...settings });

	/** A create that works and asks for no callback, and waits by looking, but for what a test is about. */
	const create = async (parameters: INodeParameters = {}, settings: RunSettings = {}) =>
		await run(
			{
				operation: 'create',
				prompt: 'A cat turns its head',
				imageUrls: emulator.current.imageUrl(),
				callback: 'none',
				waitStrategy: 'poll',
				...parameters,
			},
			settings,
		);

	return {
		emulator,
		run,
		create,
		/** The same for an item with each of these prompts. */
		createEach: async (
			prompts: readonly string[],
			parameters: INodeParameters = {},
			settings: RunSettings = {},
		) =>
			await create(
				{ prompt: '={{ $json.prompt }}', ...parameters },
				{ items: prompts.map((prompt) => ({ prompt })), ...settings },
			),
		/** Reads a task for each item; a wait looks at intervals. */
		readEach: async (
			operation: 'getTask' | 'wait',
			taskIds: ReadonlyArray<string | number | null>,
			parameters: INodeParameters = {},
			settings: RunSettings = {},
		) =>
			await run(
				{ operation, taskId: '={{ $json.taskId }}', waitStrategy: 'poll', ...parameters },
				{ items: taskIds.map((taskId) => ({ taskId })), ...settings },
			),
		/** A task that somebody else created and that is completed; resolves to its id. */
		finishedTask: async (prompt?: string): Promise<string> => {
			const taskId = await createTask(emulator.current, prompt);
			await emulator.current.complete(taskId);
			return taskId;
		},
	};
}
