using Quota.Silo.Tests.Support;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Crash;

/// <summary>The soak, shorter than <c>make soak</c> runs it.</summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    /// <summary>Load, what the clients take to get everything answered, and two starts on a busy machine.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task No_unit_is_lost_or_counted_twice_under_mixed_load_and_kills()
    {
        (int exit, string printed) = await RunAsync("--seconds", "25", "--kills", "3", "--clients", "2");
        Assert.True(exit == 0, printed);
        Assert.Contains("lost units: 0; double-counted units: 0", printed, StringComparison.Ordinal);
        Assert.Contains("kill 3 at", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_single_unit_too_few_is_found()
    {
        (int exit, string printed) = await RunAsync("--seconds", "2", "--kills", "0", "--clients", "1", "--plant", "1");
        Assert.Equal(1, exit);
        Assert.Contains("lost units: 1; double-counted units: 0", printed, StringComparison.Ordinal);
        string kept = printed.Split("the data is kept in ")[1].Trim();
        Directory.Delete(kept, recursive: true);
    }

    private async Task<(int Exit, string Printed)> RunAsync(params string[] arguments)
    {
        using ChildProcess soak = ChildProcess.StartAssembly("Quota.Soak.dll", ["drive", .. arguments]);
        int exit = await soak.WaitForExitAsync(Timeout);
        output.WriteLine(soak.Output);
        return (exit, soak.Output);
    }
}
