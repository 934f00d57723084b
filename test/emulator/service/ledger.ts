import { INITIAL_CREDITS, shortKey } from './keys';
import type { Balance } from '../types';

/** One movement of credits. `amount` is negative for a charge, `at` epoch ms. */
export interface LedgerEntry {
	readonly at: number;
	readonly key: string;
	readonly reason: 'charge' | 'refund' | 'set';
	readonly taskId?: string;
	readonly amount: number;
	/** Balance afterwards. */
	readonly balance: number;
}

/** The accounts and every movement on them, in credits. */
export class Ledger {
	private readonly accounts = new Map<string, { balance: number; consumed: number }>();

	readonly entries: LedgerEntry[] = [];

	constructor() {
		this.reset();
	}

	reset(): void {
		this.accounts.clear();
		this.entries.length = 0;
		for (const [key, balance] of Object.entries(INITIAL_CREDITS)) {
			this.accounts.set(key, { balance, consumed: 0 });
		}
	}

	/** Whether the key has an account. */
	knows(key: string): boolean {
		return this.accounts.has(key);
	}

	/** Every account, with shortened keys. */
	all(): Array<Balance & { key: string }> {
		return [...this.accounts.keys()].map((key) => ({ key: shortKey(key), ...this.balance(key) }));
	}

	balance(key: string): Balance {
		const { balance, consumed } = this.account(key);
		return { balance, totalPurchased: balance + consumed, totalConsumed: consumed };
	}

	setBalance(key: string, balance: number): void {
		if (!key.startsWith('sk-')) throw new Error('A key starts with "sk-"');
		const account = this.accounts.get(key) ?? { balance: 0, consumed: 0 };
		this.accounts.set(key, account);
		this.move(key, account, balance - account.balance, 'set');
	}

	/** Takes the price of a task; false, and nothing taken, when the balance is too low. */
	charge(key: string, taskId: string, credits: number): boolean {
		const account = this.account(key);
		if (account.balance < credits) return false;
		account.consumed += credits;
		this.move(key, account, -credits, 'charge', taskId);
		return true;
	}

	refund(key: string, taskId: string, credits: number): void {
		const account = this.account(key);
		account.consumed -= credits;
		this.move(key, account, credits, 'refund', taskId);
	}

	private account(key: string): { balance: number; consumed: number } {
		const account = this.accounts.get(key);
		if (account === undefined) throw new Error(`The emulator has no account ${shortKey(key)}`);
		return account;
	}

	private move(
		key: string,
		account: { balance: number },
		amount: number,
		reason: LedgerEntry['reason'],
		taskId?: string,
	): void {
		account.balance += amount;
		this.entries.push({
			at: Date.now(),
			key: shortKey(key),
			reason,
			...(taskId === undefined ? {} : { taskId }),
			amount,
			balance: account.balance,
		});
	}
}
