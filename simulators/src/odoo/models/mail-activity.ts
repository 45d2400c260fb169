import { boolean, char, date, html, integer, many2one } from "../schema.ts";
import type { Model } from "../schema.ts";

/** A thing to do at a record, in somebody's list. */
export const mailActivity: Model = {
  name: "mail.activity",
  label: "Activity",
  fields: {
    summary: char("Summary"),
    note: html("Note"),
    res_model: char("Related Document Model"),
    res_id: integer("Related Document ID"),
    user_id: many2one("Assigned to", "res.users", { required: true, default: (env) => env.uid }),
    date_deadline: date("Due Date", { required: true, default: (env) => env.now.slice(0, 10) }),
    active: boolean("Active", { default: true }),
  },
};
