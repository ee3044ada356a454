// Says when a time is over. A hidden tab's own timers ring once a second, a worker's go on.
onmessage = ({ data }) => setTimeout(() => postMessage(0), data);
