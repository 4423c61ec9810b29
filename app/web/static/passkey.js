// Asks the device for a passkey, or to make one, and sends its answer by the form.

const form = document.getElementById("passkey");
const said = document.getElementById("said");
const button = form.querySelector("button");

async function answer() {
  const options = JSON.parse(form.dataset.options);
  const credentials = navigator.credentials;
  if (!credentials || !window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
    throw new Error("This browser has no passkeys.");
  }
  const found = form.dataset.make
    ? await credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  return JSON.stringify(found.toJSON());
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  try {
    form.elements.answer.value = await answer();
    form.submit();
  } catch (error) {
    const known = { NotAllowedError: "Your device gave no passkey, or you stopped it.", InvalidStateError: "This device has a passkey of yours already." };
    said.textContent = known[error.name] ?? error.message;
    button.disabled = false;
  }
});
