/** The node types of this package. n8n puts the package's name in front of them. */
export const NODE_TYPES = { kling: 'kling', klingTrigger: 'klingTrigger' } as const;

/** Whether a full node type, such as `n8n-nodes-….kling`, is one of this package's. */
export function isNodeType(fullType: string, name: keyof typeof NODE_TYPES): boolean {
	return fullType.split('.').at(-1) === NODE_TYPES[name];
}
