using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Cluster;

/// <summary><c>make cluster EXECUTOR=orleans</c> where Orleans is not built; where it is, see Silo.Orleans.Tests.</summary>
public sealed class MakeClusterOrleansTests
{
    [Fact]
    public async Task Where_orleans_is_not_built_one_line_says_so_and_nothing_is_started()
    {
        using var folder = new TempFolder();
        string script = Path.Combine(RepositoryFiles.Root, "deploy", "cluster", "run.sh");
        // As after -p:Orleans=false: the script does not ask the feed, and the answer that the build goes by stays as it is.
        using ChildProcess cluster = ChildProcess.Start("env", ["-u", "CLUSTER_QUOTA", "Orleans=false", "EXECUTOR=orleans", $"CLUSTER_DIR={folder.File("cluster")}", "bash", script]);
        Assert.Equal(1, await cluster.WaitForExitAsync(TimeSpan.FromMinutes(1)));
        Assert.Equal("== EXECUTOR=orleans: quota-orleans is not built here: Orleans=false is in the environment\n", cluster.Output);
        Assert.False(Directory.Exists(folder.File("cluster")));
    }

    [Fact]
    public async Task An_executor_that_is_not_known_is_refused()
    {
        string script = Path.Combine(RepositoryFiles.Root, "deploy", "cluster", "run.sh");
        using ChildProcess cluster = ChildProcess.Start("env", ["EXECUTOR=local", "bash", script]);
        Assert.Equal(2, await cluster.WaitForExitAsync(TimeSpan.FromMinutes(1)));
        Assert.Equal("== EXECUTOR=local: shared or orleans\n", cluster.Output);
    }
}
