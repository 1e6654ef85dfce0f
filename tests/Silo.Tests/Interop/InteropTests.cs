using System.Net;
using Quota.Silo.Tests.Support;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Interop;

/// <summary>The real silo process as other people's gRPC implementations see it: scripts in <c>tests/Interop</c>, one line per case.</summary>
public sealed class InteropTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private const string Config = """
        namespaces:
          acme:
            default_plan: generous
            plans:
              generous:
                limits:
                  - { name: burst, rate: { amount: 1000000, period: 1m } }
              nothing:
                limits:
                  - { name: burst, rate: { amount: 0, period: 1m } }
            keys:
              deny: { plan: nothing }
        """;

    [InteropFact("node", "js", ["-e", "require('@grpc/grpc-js'); require('@grpc/proto-loader')"], "install node and run npm ci --prefix tests/Interop/js")]
    public Task Grpc_js() => RunAsync("node", "js", "interop.js");

    [InteropFact("/usr/bin/python3", "py", ["-c", "import grpc, google.protobuf"], "install python3-grpcio and python3-protobuf")]
    public Task Python_grpcio() => RunAsync("/usr/bin/python3", "py", "interop.py");

    private async Task RunAsync(string program, string folder, string script)
    {
        using TempFolder data = new();
        await File.WriteAllTextAsync(data.File("quota.yaml"), Config);
        using SiloProcess silo = await SiloProcess.StartAsync(data.File("quota.yaml"), data.File("data"));
        IPEndPoint target = silo.Grpc;
        using ChildProcess client = ChildProcess.Start(program, [script, target.ToString()], Path.Combine(InteropFactAttribute.Root, folder));
        int exitCode = await client.WaitForExitAsync(Patience);
        output.WriteLine(client.Output);
        Assert.True(exitCode == 0, client.Output);
        Assert.Contains("ok reflection", client.Output, StringComparison.Ordinal);
    }
}
