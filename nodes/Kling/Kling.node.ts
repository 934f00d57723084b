import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
} from 'n8n-workflow';
import { NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';

import { createFields } from './fields/create';
import { operationField } from './fields/operations';
import { optionsField } from './fields/options';
import { waitFields } from './fields/wait';
import { create } from './operations/create';
import { createAndWait } from './operations/createAndWait';
import { getCredits } from './operations/getCredits';
import { getTask } from './operations/getTask';
import { wait } from './operations/wait';
import { SUBTITLE } from './subtitle';

export class Kling implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Kling',
		name: 'kling',
		icon: { light: 'file:kling.svg', dark: 'file:kling.dark.svg' },
		group: ['output'],
		version: 1,
		subtitle: SUBTITLE,
		description: 'Turn images into videos with Kling 2.6 through the AI Video API',
		defaults: { name: 'Kling' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'aiVideoApi', required: true }],
		properties: [operationField, ...createFields, ...waitFields, optionsField],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const operation = this.getNodeParameter('operation', 0);
		switch (operation) {
			case 'create':
				return await create(this);
			case 'createAndWait':
				return await createAndWait(this);
			case 'getTask':
				return await getTask(this);
			case 'wait':
				return await wait(this);
			case 'getCredits':
				return await getCredits(this);
			default:
				throw new NodeOperationError(
					this.getNode(),
					`There is no operation “${String(operation)}”`,
					{
						description: 'Choose one of the operations in the list.',
					},
				);
		}
	}
}
