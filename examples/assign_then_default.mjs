// Assign a tokenised card to a customer, then make it the default.
// node examples/assign_then_default.mjs [customer] [token]
const url = process.env.CARDS_URL ?? "http://127.0.0.1:8000";
const [userId = "cus_QRs9eKZ4xUzN2TP9", source = "tok_1QRs9eKZ4xUzN2TP9vQqWXYZ"] =
  process.argv.slice(2);

async function post(path, body) {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  let { status, message, data, code } = await response.json();
  if (response.status === 202) {
    // Accepted, but not ended in time: ask for the outcome.
    let task;
    do {
      task = await (await fetch(`${url}${response.headers.get("Location")}?wait=30`)).json();
    } while (task.status && !task.data.result);
    ({ status, message, data, code } = task.status ? task.data.result : task);
  }
  if (!status) throw new Error(`${code}: ${message}`);
  return { message, data };
}

const assigned = await post("/api/cards/assign", { userId, source });
console.log(assigned.message, assigned.data);

const updated = await post("/api/cards/default", { userId, default_source: assigned.data.cardId });
console.log(updated.message, updated.data.default_source);
