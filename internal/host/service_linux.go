package host

import (
	"context"
	"io"
)

func (s *Service) install(context.Context) error                    { panic("TODO: issue 6") }
func (s *Service) uninstall(context.Context) error                  { panic("TODO: issue 6") }
func (s *Service) start(context.Context) error                      { panic("TODO: issue 6") }
func (s *Service) stop(context.Context) error                       { panic("TODO: issue 6") }
func (s *Service) restart(context.Context) error                    { panic("TODO: issue 6") }
func (s *Service) status(context.Context) (Status, error)           { panic("TODO: issue 6") }
func (s *Service) logs(context.Context, int, bool, io.Writer) error { panic("TODO: issue 6") }
