using Quota.Silo.Tests.Execution.Billing;

namespace Quota.Silo.Tests.Execution;

/// <summary>
/// The billing promise over random histories: usage of every key, month and unit equals the accepted decisions, settlements,
/// refunds and adjustments, whatever crashes, repeats, month ends and changes of plans, parents and calendars come between.
/// </summary>
public sealed class BillingHistoryTests
{
    private const int RunsPerSeed = 6;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Usage_equals_what_was_accepted_after_any_history(int seed)
    {
        for (int run = 0; run < RunsPerSeed; run++)
        {
            await RunAsync((seed * 1000) + run);
        }
    }

    private static async Task RunAsync(int seed)
    {
        await using var history = new BillingHistory(seed);
        try
        {
            await history.RunAsync(250);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
        }
    }
}
