// Calls operations for a test: reads a line of JSON from standard input for each call, and writes one with its end.
// {"service": "rekognition", "operation": "GetLabelDetection", "parameters": {...}} gives {"result": {...}} or
// {"error": {"code", "message", "status", "requestId"}}. Addresses, keys and region come from the environment.

const readline = require("node:readline");
const services = {
  rekognition: require("@aws-sdk/client-rekognition"),
  sqs: require("@aws-sdk/client-sqs"),
};
const clients = {
  rekognition: new services.rekognition.RekognitionClient({ maxAttempts: 1 }),
  sqs: new services.sqs.SQSClient({ maxAttempts: 1 }),
};

async function call({ service, operation, parameters }) {
  const Command = services[service][`${operation}Command`];
  try {
    const { $metadata, ...result } = await clients[service].send(new Command(parameters));
    return { result, requestId: $metadata.requestId };
  } catch (error) {
    const { httpStatusCode: status, requestId } = error.$metadata ?? {};
    return { error: { code: error.name, message: error.message, status, requestId } };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await call(JSON.parse(line))) + "\n");
  }
})();
