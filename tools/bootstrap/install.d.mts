export const ROOT: string;
export function isComplete(folder: string, rebuild?: string[]): boolean;
export function explain(code: number, output: string, what: string, logFile: string): string;
