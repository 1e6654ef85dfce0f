using Xunit.Sdk;

namespace Quota.Silo.Tests.Support;

/// <summary>A test that is skipped, with the reason, where its class's server (<see cref="NeedsServerAttribute"/>) cannot be started.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Quota.Silo.Tests.Support.ServerFactDiscoverer", "Quota.Silo.Tests")]
public sealed class ServerFactAttribute : FactAttribute;
