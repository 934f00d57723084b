export interface Command {
	about: string;
	steps: (args: string[]) => string[][];
}
export const COMMANDS: Record<string, Command>;
export function describeCommands(): string;
