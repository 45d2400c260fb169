import { entitySets, functionImports } from "./schema.ts";
import type { EntitySet, FieldType } from "./schema.ts";

/** EDMX of one service, made from what the simulator really offers. */
export function metadataOf(service: string): string {
  const sets = entitySets.filter((each) => each.service === service);
  const navigations = sets.flatMap((from) =>
    Object.entries(from.navigations).map(([name, to]) => ({ from, name, to })),
  );
  const associations = navigations.map(({ from, name, to }) => {
    const target = sets.find(({ set }) => set === to.set)?.type ?? "";
    return `<Association Name="assoc_${from.set}_${name}"><End Type="${service}.${from.type}" Multiplicity="1" Role="from"/><End Type="${service}.${target}" Multiplicity="*" Role="to"/></Association>`;
  });
  const associationSets = navigations.map(
    ({ from, name, to }) =>
      `<AssociationSet Name="set_${from.set}_${name}" Association="${service}.assoc_${from.set}_${name}"><End EntitySet="${from.set}" Role="from"/><End EntitySet="${to.set}" Role="to"/></AssociationSet>`,
  );
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" xmlns:sap="http://www.sap.com/Protocols/SAPData">',
    '<edmx:DataServices m:DataServiceVersion="2.0">',
    `<Schema Namespace="${service}" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">`,
    ...sets.map((set) => entityType(service, set)),
    ...associations,
    `<EntityContainer Name="${service}_Entities" m:IsDefaultEntityContainer="true">`,
    ...sets.map(
      ({ set, type, creatable }) =>
        `<EntitySet Name="${set}" EntityType="${service}.${type}" sap:creatable="${creatable}" sap:updatable="false" sap:deletable="false"/>`,
    ),
    ...associationSets,
    ...(functionImports[service] ?? []).map(({ name, returns, parameters }) => {
      const type = sets.find(({ set }) => set === returns)?.type ?? "";
      const inputs = Object.entries(parameters).map(
        ([parameter, field]) => `<Parameter Name="${parameter}" Mode="In" ${edm(field)}/>`,
      );
      return `<FunctionImport Name="${name}" ReturnType="${service}.${type}" EntitySet="${returns}" m:HttpMethod="POST">${inputs.join("")}</FunctionImport>`;
    }),
    "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>",
  ].join("\n");
}

function entityType(service: string, { set, type, keys, fields, navigations }: EntitySet): string {
  const refs = keys.map((key) => `<PropertyRef Name="${key}"/>`).join("");
  const properties = Object.entries(fields).map(
    ([name, field]) => `<Property Name="${name}" ${edm(field)}${keys.includes(name) ? ' Nullable="false"' : ""}/>`,
  );
  const links = Object.keys(navigations).map(
    (name) =>
      `<NavigationProperty Name="${name}" Relationship="${service}.assoc_${set}_${name}" FromRole="from" ToRole="to"/>`,
  );
  return `<EntityType Name="${type}"><Key>${refs}</Key>${properties.join("")}${links.join("")}</EntityType>`;
}

function edm(field: FieldType): string {
  if (typeof field === "number") return `Type="Edm.String" MaxLength="${field}"`;
  return edmTypes[field];
}

const edmTypes = {
  decimal: 'Type="Edm.Decimal" Precision="13" Scale="3"',
  date: 'Type="Edm.DateTime" Precision="0" sap:display-format="Date"',
  time: 'Type="Edm.Time" Precision="0"',
  boolean: 'Type="Edm.Boolean"',
  guid: 'Type="Edm.Guid"',
} as const;
