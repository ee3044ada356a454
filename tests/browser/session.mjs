// For programs that are no tests: runs `work` with what the harness expects of a test context, and takes down afterwards.
export async function session(work) {
  const hooks = [];
  try {
    await work({ after: (hook) => hooks.push(hook) });
  } finally {
    for (const hook of hooks) await hook();
  }
}
