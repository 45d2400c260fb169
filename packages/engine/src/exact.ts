/**
 * Names the fields of `R` that `T` does not have, at any depth; `never` when there are none. A union `T` is taken as a
 * whole: the lists of its members may differ in their items, and a field of any member is a known one.
 */
export type Excess<T, R> = R extends readonly (infer RItem)[]
  ? [Extract<T, readonly unknown[]>] extends [readonly (infer TItem)[]]
    ? Excess<TItem, RItem>
    : never
  : R extends object
    ? ExcessField<Extract<T, object>, R>
    : never;

type ExcessField<T, R extends object> = [T] extends [never]
  ? never
  : string extends FieldOf<T>
    ? never
    : { [K in keyof R]-?: K extends FieldOf<T> ? Excess<ValueOf<T, K>, NonNullable<R[K]>> : K }[keyof R];

/** The fields of any member of a union. */
type FieldOf<T> = T extends unknown ? keyof T : never;

type ValueOf<T, K> = T extends unknown ? (K extends keyof T ? NonNullable<T[K]> : never) : never;

export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;
