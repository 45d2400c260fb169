export { httpIntake } from "./http-intake.ts";
export { HTTP_LIMITS } from "./options.ts";
export type { HttpCaller, HttpIntakeOptions, HttpLimits, HttpTls } from "./options.ts";
export { factRoutes } from "./routes.ts";
export type { FactRoutesOptions } from "./routes.ts";
export type { TakenBody } from "./answer.ts";
export type { BatchBody } from "./batch-answer.ts";
export { problems } from "./problem.ts";
export type { ProblemBody, ProblemCode } from "./problem.ts";
