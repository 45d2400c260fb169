export { expression } from "./expression.ts";
