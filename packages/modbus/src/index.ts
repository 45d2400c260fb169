export { modbus } from "./modbus.ts";
export type { Modbus } from "./modbus.ts";
export { MODBUS_LIMITS } from "./options.ts";
export type {
  ByteOrder,
  Dial,
  ModbusLimits,
  ModbusOptions,
  ModbusRegister,
  ModbusTable,
  RegisterType,
} from "./options.ts";
