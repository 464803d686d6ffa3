// List a customer's cards, pick the second one, and make it the default.
// node examples/second_card_default.mjs [customer]
const url = process.env.CARDS_URL ?? "http://127.0.0.1:8000";
const [userId = "cus_QRs9eKZ4xUzN2TP9"] = process.argv.slice(2);

async function ask(path, options) {
  const response = await fetch(url + path, options);
  const { status, message, data, code } = await response.json();
  if (!status) throw new Error(`${code}: ${message}`);
  if (response.status === 202) throw new Error(`still running, see /api/tasks/${data.taskId}`);
  return { message, data };
}

const listed = await ask(`/api/cards/${userId}`);
console.log(listed.message, listed.data.map((card) => `${card.id} ${card.brand} ${card.last4}`));

const second = listed.data[1];
if (!second) throw new Error("the customer has no second card");

const updated = await ask("/api/cards/default", {
  method: "POST",
  headers: { "Content-Type": "application/json", Prefer: "wait=30" },
  body: JSON.stringify({ userId, default_source: second.id }),
});
console.log(updated.message, updated.data.default_source);
