export { opcua, opcuaServer } from "./opcua.ts";
export type { OpcUa } from "./opcua.ts";
export { OPCUA_LIMITS } from "./options.ts";
export type {
  OpcUaCompanion,
  OpcUaIdentity,
  OpcUaLimits,
  OpcUaNode,
  OpcUaOptions,
  OpcUaPolicy,
  OpcUaSampling,
  OpcUaSecurity,
} from "./options.ts";
export { PkiFolder } from "./pki-folder.ts";
export type { CertificateList, StoredCertificate } from "./pki-folder.ts";
export type { BrowsedNode, Listing } from "./protocol.ts";
export { OpcUaTagSource } from "./tag-source.ts";
