import { readFileSync } from "node:fs";
import { setTimeout as after } from "node:timers/promises";
import { MessageSecurityMode, OPCUAClient, SecurityPolicy, UserTokenType } from "node-opcua-client";
import type {
  ClientSecureChannelLayer,
  ClientSession,
  ClientSessionPublishService,
  CreateMonitoredItemsRequest,
  CreateMonitoredItemsResponse,
  CreateSubscriptionRequestOptions,
  CreateSubscriptionResponse,
  DeleteSubscriptionsRequest,
  DeleteSubscriptionsResponse,
  TransferSubscriptionsRequest,
  TransferSubscriptionsResponse,
  UserIdentityInfo,
} from "node-opcua-client";
import { PkiFolder } from "../pki-folder.ts";
import type { ConnectionSettings, Failure } from "../protocol.ts";
import { CertificateStore, makeOwnCertificate } from "./certificate-store.ts";
import { Namespaces } from "./node-ids.ts";

/** A session that no request kept alive ends at the server after so long, ms: a cut up to here costs nothing. */
const SESSION_MS = 120_000;
/** Longest wait for a connection or an answer, ms. */
const ANSWER_MS = 15_000;
/** First and longest wait before another try to connect, ms. */
const RETRY_MS = { first: 500, longest: 10_000 };

/** Thrown for what a person has to do something about. */
export class LinkError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** With the plain subscription services, which node-opcua's own subscriptions use and keep out of its types. */
export type Session = ClientSession &
  ClientSessionPublishService & {
    createSubscription(options: CreateSubscriptionRequestOptions): Promise<CreateSubscriptionResponse>;
    createMonitoredItems(request: CreateMonitoredItemsRequest): Promise<CreateMonitoredItemsResponse>;
    transferSubscriptions(request: TransferSubscriptionsRequest): Promise<TransferSubscriptionsResponse>;
    deleteSubscriptions(request: DeleteSubscriptionsRequest): Promise<DeleteSubscriptionsResponse>;
  };

/** A secure channel and a session, repaired by node-opcua when they break. */
export interface Link {
  readonly session: Session;
  /** The connection is gone; what was asked for is not answered. */
  onLost(run: () => void): void;
  /** It is back, with the session it had or with a new one. */
  onBack(run: () => void): void;
  /** It will not come back by itself. */
  onEnd(run: (error: Error) => void): void;
  /** The URIs of the server's namespaces as they are now. */
  namespaces(): Promise<Namespaces>;
  /** Nothing comes any more though nobody says that the connection broke: breaks it, so that it is made anew. */
  breakOff(): void;
  close(): Promise<void>;
}

/** @throws LinkError */
export async function openLink(settings: ConnectionSettings): Promise<Link> {
  const pki = new PkiFolder(settings.pki);
  const made = await makeOwnCertificate(pki, settings.applicationUri);
  const store = new CertificateStore(pki, settings.endpoint);
  const client = OPCUAClient.create({
    applicationName: "Lineshaft",
    applicationUri: settings.applicationUri,
    clientName: `lineshaft-${settings.name}`,
    securityMode: MessageSecurityMode[settings.security.mode],
    securityPolicy: policyOf(settings),
    certificateFile: pki.ownCertificate,
    privateKeyFile: pki.ownKey,
    clientCertificateManager: store,
    // A server behind a proxy or NAT names itself otherwise; its certificate is what counts.
    endpointMustExist: false,
    keepSessionAlive: true,
    requestedSessionTimeout: SESSION_MS,
    defaultTransactionTimeout: ANSWER_MS,
    transportTimeout: ANSWER_MS,
    connectionStrategy: { initialDelay: RETRY_MS.first, maxDelay: RETRY_MS.longest, maxRetry: -1 },
  });
  let channel: ClientSecureChannelLayer | undefined;
  client.on("secure_channel_created", (created) => (channel = created));
  const fail = async (error: unknown): Promise<never> => {
    await Promise.race([client.disconnect().catch(() => {}), after(ANSWER_MS, undefined, { ref: false })]);
    throw new LinkError(told(settings, pki, store, made, error));
  };
  await connectOnce(client, settings.endpoint).catch(fail);
  const session = (await client.createSession(identityOf(settings)).catch(fail)) as Session;
  return {
    session,
    onLost: (run) => void client.on("connection_lost", run),
    onBack: (run) => void client.on("connection_reestablished", run),
    onEnd: (run) => void client.on("close", (error) => run(error ?? new Error("the connection was closed"))),
    namespaces: async () => new Namespaces(await session.readNamespaceArray()),
    breakOff: () => channel?.forceConnectionBreak(),
    close: async () => {
      client.removeAllListeners("close");
      await Promise.race([closeAll(client, session), after(CLOSE_MS, undefined, { ref: false })]);
    },
  };
}

/** Longest wait for a server to say good-bye, ms. */
const CLOSE_MS = 2_000;

async function closeAll(client: OPCUAClient, session: ClientSession): Promise<void> {
  await session.close(true).catch(() => {});
  await client.disconnect().catch(() => {});
}

/** node-opcua tries for ever; whoever configures a hub wants to know at once. Later breaks are repaired without end. */
async function connectOnce(client: OPCUAClient, endpoint: string): Promise<void> {
  let failed: Error | undefined;
  const refused = new Promise<never>((_resolve, reject) => {
    client.on("connection_failed", (error) => (failed = error));
    client.once("backoff", () => reject(failed ?? new Error(`no answer from ${endpoint}`)));
  });
  const silent = after(2 * ANSWER_MS, undefined, { ref: false }).then(() => {
    throw new Error(`no answer from ${endpoint} within ${2 * ANSWER_MS} ms`);
  });
  silent.catch(() => {});
  refused.catch(() => {});
  await Promise.race([client.connect(endpoint), refused, silent]);
}

function policyOf({ security }: ConnectionSettings): SecurityPolicy {
  if (security.mode === "None") return SecurityPolicy.None;
  return SecurityPolicy[security.policy ?? "Basic256Sha256"];
}

function identityOf({ identity }: ConnectionSettings): UserIdentityInfo {
  if (identity.kind === "password")
    return { type: UserTokenType.UserName, userName: identity.username, password: identity.password };
  if (identity.kind === "anonymous") return { type: UserTokenType.Anonymous };
  const pem = identity.certificate.includes("-----BEGIN")
    ? identity.certificate
    : readFileSync(identity.certificate, "utf8");
  const base64 = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(pem)?.[1] ?? "";
  return {
    type: UserTokenType.Certificate,
    certificateData: Buffer.from(base64.replaceAll(/\s/g, ""), "base64"),
    privateKey: identity.key,
  };
}

function told(
  { endpoint, security, identity }: ConnectionSettings,
  pki: PkiFolder,
  store: CertificateStore,
  made: boolean,
  error: unknown,
): Failure {
  const said = error instanceof Error ? error.message : String(error);
  const base = { message: `Cannot read the OPC UA server ${endpoint}.`, said };
  if (store.refusal !== undefined) {
    const { reason, path } = store.refusal;
    return {
      message: `The certificate of the OPC UA server ${endpoint} is not trusted: ${reason}.`,
      said,
      next: /not for|valid from/.test(reason)
        ? `Have the server's certificate renewed; what it showed is in ${path}.`
        : `Compare its fingerprint with the one on the machine, then move ${path} to ${pki.path}/trusted (lineshaft opcua trust).`,
    };
  }
  if (/BadUserAccessDenied|BadIdentityTokenRejected|BadIdentityTokenInvalid/.test(said))
    return {
      ...base,
      message: `The OPC UA server ${endpoint} does not let ${identity.kind === "password" ? identity.username : "the hub"} in.`,
      next: "Correct identity, or create the user in the server.",
    };
  if (/cannot find endpoint|matching endpoint|BadSecurityModeRejected|BadSecurityPolicyRejected/i.test(said))
    return {
      ...base,
      next: `Switch ${security.mode} with this policy on in the server, or set security to one that it offers.`,
    };
  if (
    security.mode !== "None" &&
    /BadSecurityChecksFailed|BadCertificate|disconnected by third party|ECONNRESET/.test(said)
  )
    return {
      ...base,
      next: `${made ? "The hub made its certificate just now: have" : "Have"} the server trust ${pki.ownCertificate}.`,
    };
  return { ...base, next: "See that the server runs, that the address is right and that no firewall is between." };
}
