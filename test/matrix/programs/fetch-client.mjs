/** fetch() as Node brings it, one request after another: node fetch-client.mjs URL... */
for (const url of process.argv.slice(2)) await (await fetch(url)).text();
