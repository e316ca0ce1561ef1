package main

import "github.com/spf13/cobra"

// addCommands puts all commands into the tree, each in the group that --help shows it in.
func (a *app) addCommands(root *cobra.Command) {
	for group, commands := range map[string][]*cobra.Command{
		groupConnection: {a.connectCommand(), a.disconnectCommand(), a.statusCommand(), a.historyCommand(), a.runCommand()},
		groupProfiles: {a.importCommand(), a.listCommand(), a.showCommand(), a.setCommand(), a.renameCommand(), a.removeCommand(),
			a.exportCommand()},
		groupSignIn:   {a.signInCommand(), a.signOutCommand(), a.accountsCommand(), a.certCommand()},
		groupTrouble:  {a.diagnoseCommand(), a.logsCommand(), a.reportCommand(), a.repairCommand(), a.cleanupCommand()},
		groupComputer: {a.serviceCommand(), a.fleetCommand(), a.deployCommand(), a.azureCommand(), a.completionCommand(), a.versionCommand()},
	} {
		for _, command := range commands {
			command.GroupID = group
			root.AddCommand(command)
		}
	}
	root.AddCommand(a.agentCommand())
}
