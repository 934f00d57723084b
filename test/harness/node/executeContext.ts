import './instance';

import { ExecuteContext } from 'n8n-core';
import type { IHttpRequestOptions, INode, WorkflowExecuteMode } from 'n8n-workflow';
import { createRunExecutionData, NodeConnectionTypes, Workflow } from 'n8n-workflow';

import { buildAdditionalData } from './additionalData';
import { klingNode } from './builders';
import { TestCredentialsHelper } from './credentials';
import { KLING_TYPE, START_TYPE, TestNodeTypes, TRIGGER_TYPE } from './workflow';

/** A workflow around a Create, and what its n8n answers to itself. */
export interface Surroundings {
	mode?: WorkflowExecuteMode;
	executionId?: string;
	/** Whether it has a Kling Trigger, and whether that has started the execution. */
	trigger?: 'none' | 'there' | 'switched off' | 'has started';
	/** The strategy of a Wait behind the Create; none unless told. */
	wait?: 'auto' | 'poll';
	/** Written by the trigger when it registered. */
	registered?: string;
	/** What answers each call, by its URL; nothing does unless told. */
	answer?: (url: string) => { statusCode: number; body: unknown; headers?: object } | undefined;
}

export const RESUME_TOKEN = 'token';
export const WORKFLOW_ID = 'abcdefgh12345678';

/** n8n's own context for a Create Video in such a workflow, and the URLs that it has called. */
export function executeContext(surroundings: Surroundings = {}) {
	const { mode = 'manual', executionId = '42', trigger = 'none', answer } = surroundings;
	const node = (name: string, type: string, parameters = {}): INode =>
		klingNode({ id: name, name, type, parameters });
	const leadTo = (name: string) => ({
		main: [[{ node: name, type: NodeConnectionTypes.Main, index: 0 }]],
	});
	const create = node('Create', KLING_TYPE, { operation: 'create' });
	const { wait, registered } = surroundings;
	const workflow = new Workflow({
		id: WORKFLOW_ID,
		nodes: [
			node('Start', START_TYPE),
			create,
			...(trigger === 'none'
				? []
				: [{ ...node('When ready', TRIGGER_TYPE), disabled: trigger === 'switched off' }]),
			...(wait === undefined
				? []
				: [node('Wait', KLING_TYPE, { operation: 'wait', waitStrategy: wait })]),
		],
		connections: {
			Start: leadTo('Create'),
			...(wait === undefined ? {} : { Create: leadTo('Wait') }),
		},
		active: false,
		nodeTypes: new TestNodeTypes(),
		...(registered === undefined
			? {}
			: { staticData: { global: { klingTrigger: { url: registered } } } }),
	});
	const runData = createRunExecutionData();
	// n8n 2.41 makes one for each execution.
	runData.resumeToken = RESUME_TOKEN;
	if (trigger === 'has started') runData.resultData.runData['When ready'] = [];
	const called: string[] = [];
	const httpRequest = async ({ url }: IHttpRequestOptions) => {
		called.push(url);
		const response = answer?.(url);
		if (response === undefined) throw new Error('ECONNREFUSED');
		return await Promise.resolve({ headers: {}, ...response });
	};
	const data = { main: [[]] };
	const credentials = new TestCredentialsHelper(() => ({ apiKey: 'sk-x', baseUrl: '' }));
	const context = new ExecuteContext(
		workflow,
		create,
		{ ...buildAdditionalData(credentials), executionId },
		mode,
		runData,
		0,
		[],
		data,
		{ node: create, data, source: null },
		[],
	);
	Object.defineProperty(context, 'helpers', { value: { httpRequest } });
	return { context, called };
}
