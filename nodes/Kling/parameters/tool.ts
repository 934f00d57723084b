import type { INodeProperties } from 'n8n-workflow';

import { CREATING, WAITING } from './operation';

/** What n8n's editor puts in front of an expression to show it as “Defined automatically by the model”. */
const BY_MODEL = '/*n8n-auto-generated-fromAI-override*/';

/**
 * A text field twice: as people have it, and as the tool of an AI Agent has it, where the model fills
 * it in as long as nobody else does.
 *
 * @param description what the model reads about it
 */
export function filledByModel(
	field: INodeProperties,
	description: string,
): [INodeProperties, INodeProperties] {
	const { displayName, displayOptions } = field;
	const key = displayName.replaceAll(' ', '_');
	return [
		{ ...field, displayOptions: { ...displayOptions, hide: { '@tool': [true] } } },
		{
			...field,
			default: `={{ ${BY_MODEL} $fromAI('${key}', \`${description}\`, 'string') }}`,
			displayOptions: { show: { ...displayOptions?.show, '@tool': [true] } },
		},
	];
}

/** What a person should know who gives this node to an AI Agent. */
export const toolNotices: INodeProperties[] = [
	{
		displayName:
			'Tools with the same operation get the same description from n8n. To let the agent tell them apart, choose Set Manually above and say when to use this one.',
		name: 'toolDescriptionNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { '@tool': [true] } },
	},
	{
		displayName:
			"To let the model choose the length, which decides the price, switch Duration to Expression and write: {{ $fromAI('duration', '5 or 10 seconds', 'number') }}",
		name: 'toolDurationNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { '@tool': [true], operation: CREATING } },
	},
	{
		displayName:
			'Chats and MCP clients give up after about a minute, and a video takes longer. Give them two tools instead: Create Video and Get Video.',
		name: 'toolWaitNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { '@tool': [true], operation: WAITING } },
	},
];
