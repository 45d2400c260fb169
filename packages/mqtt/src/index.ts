export { mqtt } from "./mqtt.ts";
export { MQTT_LIMITS } from "./options.ts";
export type { MqttLimits, MqttOptions, MqttSubscription, MqttTls } from "./options.ts";
export { compileTopic } from "./topic-template.ts";
export type { TopicTemplate } from "./topic-template.ts";
