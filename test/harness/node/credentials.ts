import type {
	ICredentialDataDecryptedObject,
	ICredentials,
	IHttpRequestOptions,
	INodeProperties,
	IRequestOptionsSimplified,
} from 'n8n-workflow';
import { ICredentialsHelper } from 'n8n-workflow';

import { AiVideoApi } from '../../../credentials/AiVideoApi.credentials';

export interface Credential {
	apiKey: string;
	baseUrl: string;
}

/**
 * The credential as n8n keeps it: decrypted to the given values, and applied to each request by
 * the credential type's own `authenticate`.
 */
export class TestCredentialsHelper extends ICredentialsHelper {
	/** How often the credential was read. */
	reads = 0;

	private readonly type = new AiVideoApi();

	/** @param credential what the fields come to for each item */
	constructor(private readonly credential: (itemIndex: number) => Credential) {
		super();
	}

	getParentTypes(): string[] {
		return [];
	}

	isCredentialUsableByNode(): boolean {
		return true;
	}

	async authenticate(
		credentials: ICredentialDataDecryptedObject,
		_typeName: string,
		requestOptions: IHttpRequestOptions | IRequestOptionsSimplified,
	): Promise<IHttpRequestOptions> {
		if (!('url' in requestOptions)) throw new Error('The request has no address');
		return await this.type.authenticate(credentials, requestOptions);
	}

	preAuthentication(): Promise<ICredentialDataDecryptedObject | undefined> {
		return Promise.resolve<ICredentialDataDecryptedObject | undefined>(undefined);
	}

	runPreAuthentication(): Promise<ICredentialDataDecryptedObject | undefined> {
		return Promise.resolve<ICredentialDataDecryptedObject | undefined>(undefined);
	}

	async getCredentials(): Promise<ICredentials> {
		return await Promise.reject(new Error('Only the decrypted credential is there'));
	}

	async getDecrypted(
		...[, , , , , , resolving]: Parameters<ICredentialsHelper['getDecrypted']>
	): Promise<ICredentialDataDecryptedObject> {
		this.reads += 1;
		return await Promise.resolve({ ...this.credential(resolving?.itemIndex ?? 0) });
	}

	async updateCredentials(): Promise<void> {
		await Promise.reject(new Error('Nodes do not change credentials'));
	}

	async updateCredentialsOauthTokenData(): Promise<void> {
		await Promise.reject(new Error('Nodes do not change credentials'));
	}

	getCredentialsProperties(): INodeProperties[] {
		return this.type.properties;
	}
}
