import './instance';

import { inspect } from 'node:util';

import { ExecuteContext } from 'n8n-core';
import type {
	IBinaryKeyData,
	IDataObject,
	IHttpRequestOptions,
	INodeExecutionData,
	INodeParameters,
	IRunExecutionData,
	NodeExecutionHint,
	OnError,
} from 'n8n-workflow';
import { createRunExecutionData } from 'n8n-workflow';

import { Kling } from '../../../nodes/Kling/Kling.node';
import { forgetRuns } from '../../../nodes/Kling/creating/entries';
import { everythingDue, takeOff } from '../../../nodes/Kling/n8n/dueWork';
import type { Emulator } from '../../emulator';
import { buildAdditionalData, OWN_ADDRESS } from './additionalData';
import type { Credential } from './credentials';
import type { FileStore } from './fileStore';
import { TestCredentialsHelper } from './credentials';
import { buildWorkflow, START_NAME } from './workflow';

export interface KlingRun {
	emulator: Pick<Emulator, 'url' | 'apiKey'>;
	parameters: INodeParameters;
	/** One empty item unless told. */
	items?: readonly IDataObject[];
	/** The files of each item. */
	files?: readonly IBinaryKeyData[];
	/** Where they are; without it n8n keeps files in memory. */
	store?: FileStore;
	/** Null: the node has none. A function: its fields are expressions, resolved for each item. */
	credential?: Partial<Credential> | ((itemIndex: number) => Partial<Credential>) | null;
	onError?: OnError;
	signal?: AbortSignal;
	/** That of an earlier run makes this one its second try. */
	runData?: IRunExecutionData;
	/** Another one than that of the earlier run makes this one a *Retry execution*. */
	executionId?: string;
	/** Whether an AI Agent calls it. */
	asTool?: boolean;
	/** What this n8n answers to calls of itself at n8n.example.com; nothing answers unless told. */
	ownAnswer?: IDataObject;
}

export interface KlingResult {
	/** Empty when the run failed. */
	items: INodeExecutionData[];
	json: IDataObject[];
	/** What `execute` threw, null when it did not. */
	error: unknown;
	hints: NodeExecutionHint[];
	/** When the execution is to go on, undefined unless it was put to wait. */
	waitTill: Date | undefined;
	runData: IRunExecutionData;
	/** What it wrote to n8n's log from level info on. */
	log: string[];
}

/** Runs the node in n8n's own execution context, against the emulator over HTTP. */
export async function runKling(run: KlingRun): Promise<KlingResult> {
	const { emulator, parameters, items = [{}], credential = {}, onError } = run;
	// An execution of its own, although they all have the same id.
	if (run.runData === undefined) forgetRuns();
	const { workflow, node } = buildWorkflow({
		parameters,
		onError,
		withCredential: credential !== null,
		asTool: run.asTool,
	});
	const signal = run.signal ?? new AbortController().signal;
	const started = { resultData: { runData: { [START_NAME]: [] } } };
	const runData = run.runData ?? createRunExecutionData(started);
	const input = items.map(
		(json, item): INodeExecutionData => ({
			json,
			binary: run.files?.[item],
			pairedItem: { item },
		}),
	);
	const inputData = { main: [input] };
	const credentialsHelper = new TestCredentialsHelper((itemIndex) => ({
		apiKey: emulator.apiKey,
		baseUrl: emulator.url,
		...(typeof credential === 'function' ? credential(itemIndex) : credential),
	}));
	const additionalData = {
		...buildAdditionalData(credentialsHelper),
		...(run.executionId === undefined ? {} : { executionId: run.executionId }),
	};
	const context = new ExecuteContext(
		workflow,
		node,
		additionalData,
		'manual',
		runData,
		0,
		input,
		inputData,
		{ node, data: inputData, source: { main: [{ previousNode: START_NAME }] } },
		[],
		signal,
	);
	Object.assign(context.helpers, run.store?.helpers);
	const { httpRequest } = context.helpers;
	Object.assign(context.helpers, {
		httpRequest: async (options: IHttpRequestOptions): Promise<unknown> =>
			run.ownAnswer !== undefined && options.url.startsWith(OWN_ADDRESS)
				? { statusCode: 200, headers: {}, body: run.ownAnswer }
				: await httpRequest(options),
	});
	const log: string[] = [];
	const write = (message: string) => void log.push(message);
	Object.defineProperty(context, 'logger', {
		value: { debug: () => {}, info: write, warn: write, error: write },
	});
	const { output, error } = await new Kling().execute.call(context).then(
		(output) => ({ output, error: null }),
		(thrown: unknown) => ({ output: [], error: thrown }),
	);
	const outputItems = output[0] ?? [];
	const result = {
		items: outputItems,
		json: outputItems.map((item) => item.json),
		error,
		hints: context.hints,
		waitTill: runData.waitTill,
		runData,
		log,
	};
	everything.push(result);
	return result;
}

// What looks at the tasks of suspended executions would look on after the tests, and each begins anew.
afterEach(() => {
	for (const due of [...everythingDue()]) takeOff(due);
	forgetRuns();
});

/** The results of all runs of a test file. */
const everything: KlingResult[] = [];

/** All that users could see of the runs so far, hidden fields of errors included, as one text. */
export function everythingShown(): string {
	const json = everything.map(({ runData: _, ...shown }) => JSON.stringify(shown));
	const details = inspect(everything, { depth: 12, showHidden: true, maxStringLength: null });
	return [...json, details].join('\n');
}
