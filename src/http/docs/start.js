// The page is at `docs`, beside the document, below any prefix that the host has chosen.
SwaggerUIBundle({
  dom_id: "#api",
  url: "openapi.json",
  deepLinking: true,
  validatorUrl: null,
});
