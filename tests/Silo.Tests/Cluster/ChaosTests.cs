using Quota.Silo.Tests.Support;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Cluster;

/// <summary>The harness of <c>make chaos</c>, shorter than that runs it: on PostgreSQL where there is a server, else on DynamoDB Local.</summary>
[NeedsServer(ServerKind.Any)]
public sealed class ChaosTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);

    [ServerFact]
    public async Task No_unit_is_lost_or_counted_twice_when_silos_and_their_store_fail()
    {
        (int exit, string printed) = await RunAsync("faults", "--faults", "5", "--away", "4", "--seed", "5");
        Assert.True(exit == 0, printed);
        Assert.Contains("lost units: 0; double-counted units: 0", printed, StringComparison.Ordinal);
    }

    [ServerFact]
    public async Task A_unit_that_was_not_billed_is_found()
    {
        (int exit, string printed) = await RunAsync("faults", "--faults", "0", "--plant", "1");
        Assert.Equal(1, exit);
        Assert.Contains("lost units: 1; double-counted units: 0", printed, StringComparison.Ordinal);
        Directory.Delete(printed.Split("files are kept in ")[1].Trim(), recursive: true);
    }

    [ServerFact]
    public async Task No_silo_starves_and_no_window_admits_more_than_its_amount()
    {
        (int exit, string printed) = await RunAsync("table", "--only", "steady", "--seconds", "4", "--amount", "120");
        Assert.True(exit == 0, printed);
    }

    [ServerFact]
    public async Task A_unit_that_the_table_admitted_and_nobody_billed_is_found()
    {
        (int exit, string printed) = await RunAsync("table", "--only", "steady", "--seconds", "4", "--amount", "120", "--plant", "2");
        Assert.Equal(1, exit);
        Assert.Matches("FAULT steady, local: sliding window: billed [0-9]+, admitted [0-9]+, not known of 0", printed);
        Directory.Delete(printed.Split("logs are kept in ")[1].Trim(), recursive: true);
    }

    [ServerFact]
    public async Task A_store_that_is_short_of_capacity_admits_nothing_too_many()
    {
        (int exit, string printed) = await RunAsync("table", "--only", "store throttled", "--seconds", "4", "--amount", "120");
        Assert.True(exit == 0, printed);
        Assert.Contains("| store throttled | shared, leases |", printed, StringComparison.Ordinal);
        Assert.Contains("| store throttled | shared |", printed, StringComparison.Ordinal);
    }

    /// <summary>Where Orleans is part of the build it is run.</summary>
    [ServerFact]
    public async Task The_orleans_executor_is_measured_or_said_to_be_missing()
    {
        (int exit, string printed) = await RunAsync("table", "--executor", "orleans", "--only", "steady", "--seconds", "4", "--amount", "120");
        if (exit == 2)
        {
            Assert.Equal("chaos table: not run: the executor orleans is not built: its packages are not asked for or not served (eng/orleans.sh); --executor shared runs without them", printed.Trim());
        }
        else
        {
            Assert.True(exit == 0, printed);
            Assert.Contains("| steady | orleans, leases |", printed, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("table", "--only", "stead")]
    [InlineData("table", "--executor", "local")]
    [InlineData("faults", "--seconds")]
    public async Task Arguments_that_are_not_understood_run_nothing(params string[] arguments)
    {
        (int exit, string printed) = await RunAsync(arguments);
        Assert.Equal(2, exit);
        Assert.Contains("usage: Quota.Chaos", printed, StringComparison.Ordinal);
    }

    private async Task<(int Exit, string Printed)> RunAsync(params string[] arguments)
    {
        using ChildProcess chaos = ChildProcess.StartAssembly("Quota.Chaos.dll", arguments);
        int exit = await chaos.WaitForExitAsync(Timeout);
        output.WriteLine(chaos.Output);
        return (exit, chaos.Output);
    }
}
