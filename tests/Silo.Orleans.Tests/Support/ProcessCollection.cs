namespace Quota.Silo.Orleans.Tests.Support;

/// <summary>Tests with several processes and bounds of time: one after the other, and beside no other test.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessCollection
{
    public const string Name = "processes";
}
