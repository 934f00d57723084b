import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

/** What n8n's editor puts in front of an expression to show it as “Defined automatically by the model”. */
const BY_MODEL = '/*n8n-auto-generated-fromAI-override*/';

/**
 * A text field twice: as people have it, and as the tool of an AI Agent has it, where the model fills
 * it in by that description as long as nobody else does.
 */
export function filledByModel(field: INodeProperties, description: string): INodeProperties[] {
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

/** A text among the fields. */
export function notice(name: string, text: string, displayOptions?: IDisplayOptions) {
	return { displayName: text, name, type: 'notice' as const, default: '', displayOptions };
}
