"""The journal at work: writes journaled before they are sent, settled with their answer, looked up or resumed when there is none. Which writes there are is decided elsewhere."""
