/** How the simulated SAP says no: status, message class and number, text. */
export class SapRefusal extends Error {
  readonly status: number;
  /** `M7/021` */
  readonly code: string;

  constructor(status: number, code: string, text: string) {
    super(text);
    this.name = "SapRefusal";
    this.status = status;
    this.code = code;
  }
}

/** A request that does not hold together as OData. */
export function malformed(text: string): SapRefusal {
  return new SapRefusal(400, "005056A509B11EE1B9A8FEC11C21D78E", text);
}

/** The body of an OData V2 error. */
export function errorBody(refusal: SapRefusal, transaction: string): object {
  const { code, message } = refusal;
  return {
    error: {
      code,
      message: { lang: "en", value: message },
      innererror: {
        transactionid: transaction,
        timestamp: "",
        Error_Resolution: { SAP_Transaction: "Run transaction /IWFND/ERROR_LOG on SAP Gateway hub system." },
        errordetails: [
          { ContentID: "", code, message, propertyref: "", severity: "error", transition: false, target: "" },
        ],
      },
    },
  };
}
