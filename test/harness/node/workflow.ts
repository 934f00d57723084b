import type { INode, INodeParameters, INodeType, INodeTypes, OnError } from 'n8n-workflow';
import { NodeConnectionTypes, Workflow } from 'n8n-workflow';

import { Kling } from '../../../nodes/Kling/Kling.node';
import { KlingTrigger } from '../../../nodes/Kling/KlingTrigger.node';
import { klingNode } from './builders';

export const KLING_TYPE = 'n8n-nodes-aivideoapi-kling.kling';
export const TRIGGER_TYPE = `${KLING_TYPE}Trigger`;
const TOOL_TYPE = `${KLING_TYPE}Tool`;
export const START_TYPE = 'n8n-nodes-base.manualTrigger';

export const START_NAME = 'Start';

class Start implements INodeType {
	description = {
		displayName: 'Start',
		name: 'manualTrigger',
		group: ['trigger' as const],
		version: 1,
		description: 'Gives the items',
		defaults: {},
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		properties: [],
	};
}

export class TestNodeTypes implements INodeTypes {
	private readonly types = new Map<string, INodeType>([
		[KLING_TYPE, new Kling()],
		[TOOL_TYPE, new Kling()],
		[TRIGGER_TYPE, new KlingTrigger()],
		[START_TYPE, new Start()],
	]);

	getByName(nodeType: string): INodeType {
		return this.getByNameAndVersion(nodeType);
	}

	getByNameAndVersion(nodeType: string): INodeType {
		const type = this.types.get(nodeType);
		if (type === undefined) throw new Error(`No node type ${nodeType}`);
		return type;
	}

	getKnownTypes() {
		return Object.fromEntries([...this.types.keys()].map((name) => [name, {}]));
	}
}

export interface WorkflowSettings {
	parameters: INodeParameters;
	onError?: OnError;
	withCredential: boolean;
	/** The type that n8n makes of the node for AI Agents. */
	asTool?: boolean;
}

/** A workflow of a start and a Kling node, whose parameters n8n completes with their defaults. */
export function buildWorkflow({
	parameters,
	onError,
	withCredential,
	asTool = false,
}: WorkflowSettings): {
	workflow: Workflow;
	node: INode;
} {
	const start = klingNode({ id: 'start', name: START_NAME, type: START_TYPE });
	const kling = klingNode({
		id: 'kling',
		type: asTool ? TOOL_TYPE : KLING_TYPE,
		parameters,
		...(onError === undefined ? {} : { onError }),
		...(withCredential ? { credentials: { aiVideoApi: { id: '1', name: 'AI Video API' } } } : {}),
	});
	const workflow = new Workflow({
		id: 'workflow-1',
		name: 'Videos',
		nodes: [start, kling],
		connections: {
			[START_NAME]: { main: [[{ node: kling.name, type: NodeConnectionTypes.Main, index: 0 }]] },
		},
		active: false,
		nodeTypes: new TestNodeTypes(),
	});
	const node = workflow.getNode(kling.name);
	if (node === null) throw new Error('The workflow lost its node');
	return { workflow, node };
}
