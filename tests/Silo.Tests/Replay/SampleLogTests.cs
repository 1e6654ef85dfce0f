using Quota.Silo.Replay;

namespace Quota.Silo.Tests.Replay;

/// <summary>The sample in the repository is what the generator makes, and small.</summary>
public sealed class SampleLogTests
{
    [Fact]
    public void Regenerating_the_sample_gives_the_same_bytes()
    {
        string committed = File.ReadAllText(RepositoryFiles.SampleLog);
        Assert.Equal(SampleLog.Generate(1, 4_000), committed);
        Assert.InRange(committed.Length, 1, 600_000);
    }

    [Fact]
    public void Another_seed_gives_another_log_of_as_many_lines()
    {
        string log = SampleLog.Generate(2, 500);
        Assert.Equal(500, log.Count(c => c == '\n'));
        Assert.NotEqual(SampleLog.Generate(3, 500), log);
    }
}
