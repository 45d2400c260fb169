/**
 * What the connector may ask a server for (requests of part 4): none of them changes anything but its own session and
 * subscriptions. Write, Call, AddNodes, HistoryUpdate and the like are not among them.
 */
export const readOnlyServices: readonly string[] = [
  "ActivateSessionRequest",
  "BrowseNextRequest",
  "BrowseRequest",
  "CloseSecureChannelRequest",
  "CloseSessionRequest",
  "CreateMonitoredItemsRequest",
  "CreateSessionRequest",
  "CreateSubscriptionRequest",
  "DeleteSubscriptionsRequest",
  "GetEndpointsRequest",
  "HistoryReadRequest",
  "OpenSecureChannelRequest",
  "PublishRequest",
  "ReadRequest",
  "RepublishRequest",
  "TransferSubscriptionsRequest",
];
